"""Run by SAM's own Python: a SAM template as JSON on stdin, what CloudFormation is given on stdout. Asks nobody."""

import json
import sys

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

template = json.load(sys.stdin)
for resource in template["Resources"].values():
    # The translator sees a template only after its local files have been uploaded.
    for uri in {"CodeUri", "ContentUri", "DefinitionUri"} & resource["Properties"].keys():
        resource["Properties"][uri] = "s3://uploads/one"

translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-central-1"))
json.dump(translator.translate(template, parameter_values={}), sys.stdout)
