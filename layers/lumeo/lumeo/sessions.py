"""HTTP sessions for what is not ours: providers, and the hosts of their files."""

import requests


class Session(requests.Session):
    """Takes nothing from the environment, and follows no redirect.

    A proxy or a .netrc of the environment must not see, or replace, a credential. Even when told not to follow
    redirects, requests reads the whole body of one, however long it is and takes, unless it finds no target.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, whatever the answer says."""
