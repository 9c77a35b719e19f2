"""The version of a document, as clients that we did not write work it out."""

import base64
import hashlib


def version(text):
    content = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:16]).rstrip(b"=").decode()
