"""Two providers that do not exist, and between them have what is hard to play."""

QUEUE = """
model: owner/app/fast
input: {prompt: a corgi}
account: {key: queue-key-for-tests-0123456789}
id: 80e7f0c2-aaaa-4000-8000-00000000beef
routes:
  upload: POST https://queue.example.com/v1/files
  submit: POST https://queue.example.com/v1/owner/app/fast
  status: GET https://queue.example.com/v1/jobs/80e7f0c2-aaaa-4000-8000-00000000beef/status
  result: GET https://queue.example.com/v1/jobs/80e7f0c2-aaaa-4000-8000-00000000beef
  cancel: PUT https://queue.example.com/v1/jobs/80e7f0c2-aaaa-4000-8000-00000000beef/cancel
sent:
  submit: {prompt: a corgi}
answers:
  upload: {json: {file: file-1}}
  submit:
    status: 201
    json:
      id: 80e7f0c2-aaaa-4000-8000-00000000beef
      status_url: https://queue.example.com/v1/jobs/80e7f0c2-aaaa-4000-8000-00000000beef/status
  cancel: {status: 202, json: {status: CANCELLATION_REQUESTED}}
states:
  waiting: {status: {status: 202, json: {status: IN_QUEUE}}, expect: {status: starting}}
  running: {status: {status: 202, json: {status: IN_PROGRESS}, headers: {retry-after: 3}}, expect: {status: processing}}
  succeeded:
    status: {json: {status: COMPLETED}}
    result: {json: {images: [{url: "https://media.example.net/a.png"}], page: "https://www.example.org/"}}
    expect:
      status: succeeded
      output: {images: [{url: "https://media.example.net/a.png"}], page: "https://www.example.org/"}
      files: ["https://media.example.net/a.png"]
  failed: {status: {json: {status: COMPLETED, error: "no luck"}}, expect: {status: failed, code: generation_failed}}
  refused: {status: {json: {status: COMPLETED, error: "not this"}}, expect: {status: failed, code: content_rejected}}
  canceled: {status: {json: {status: CANCELED}}, expect: {status: canceled}}
  expired: {status: {status: 404, json: {}}, expect: {gone: true, code: output_expired}}
  unknown: {status: {json: {status: DREAMING}}, expect: {status: processing, unknown: true}}
refused_submit:
  - {status: 422, json: {detail: "not this"}, code: content_rejected}
foreign:
  submit:
    json:
      id: 80e7f0c2-aaaa-4000-8000-00000000beef
      status_url: https://evil.example/v1/jobs/80e7f0c2-aaaa-4000-8000-00000000beef/status
webhook: {json: {request_id: 80e7f0c2-aaaa-4000-8000-00000000beef, status: OK}}
files:
  https://media.example.net/a.png: {type: image/png, picture: 1}
  https://queue.example.com/v1/jobs/80e7f0c2-aaaa-4000-8000-00000000beef/log:
    {type: text/plain, text: all is well, key: true}
"""

BODY = """
input: {prompt: a corgi}
account: {key: body-key-for-tests-0123456789}
id: call_deadbeefcafe
routes:
  submit: POST https://api.example.org/start
  status: POST https://api.example.org/check
answers:
  submit: {json: {callID: call_deadbeefcafe, finished: false}}
states:
  running: {status: {json: {message: running}}, expect: {status: processing}}
  at_once:
    submit: {json: {callID: call_deadbeefcafe, finished: true}}
    expect: {status: succeeded, output: [1]}
  succeeded:
    status: {file: {type: image/png, picture: 2}}
    expect:
      status: succeeded
      output: https://api.example.org/check
      files: [https://api.example.org/check]
  failed: {status: {json: {message: "Error: no"}}, expect: {status: failed, code: generation_failed}}
  refused: "It has no word for that."
  canceled: "It cannot be canceled."
  expired: "It never says so."
  unknown: {status: {json: {message: ""}}, expect: {status: processing, unknown: true}}
foreign: "No answer names a URL."
"""
