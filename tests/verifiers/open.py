"""Opens a folder that bundlegate sealed, with libraries of others alone; prints what held.

Usage: open.py SEALED PLAIN PUBLIC.pem, with the HMAC key in HMAC_KEY and the recipient's identity in IDENTITY.
"""

import base64
import hashlib
import io
import json
import os
import sys
import urllib.parse

import tink
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms
from securesystemslib.dsse import Envelope
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

sealed, plain, public_file = sys.argv[1:]
manifest = json.load(open(os.path.join(sealed, "bundlegate.manifest.json")))


def derived(purpose):
    key = bytes.fromhex(os.environ["HMAC_KEY"].strip())
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key)


class Message:
    """A response, and the request that it answers, as a server would send a stored file."""

    def __init__(self, entry, body):
        path = urllib.parse.quote(entry["path"], safe="/-._~!$&'()*+,;=:@")
        self.request = type("Request", (), {"method": "GET", "url": f"https://host.example/{path}", "headers": {}})
        self.status_code = 200
        encrypted = "encryption" in entry
        times = "".join(f";{name}={manifest[name]}" for name in ("created", "expires") if name in manifest)
        parameters = (
            '("@path";req "content-type" "content-encoding" "content-length" "content-digest" "bundlegate-build")'
            f'{times};keyid="{entry["keyId"]}";alg="hmac-sha256";tag="bundlegate-v1"'
        )
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        self.headers = {
            "Content-Type": "application/octet-stream" if encrypted else entry["contentType"],
            "Content-Encoding": "identity" if encrypted else entry.get("contentEncoding", "identity"),
            "Content-Length": str(len(body)),
            "Content-Digest": f"sha-256=:{digest}:",
            "Bundlegate-Build": manifest["buildId"],
            "Signature-Input": f"bundlegate={parameters}",
            "Signature": f"bundlegate=:{entry['hmac']}:",
        }


def signatures():
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.HMAC_SHA256,
        key_resolver=MappingKeyResolver(public_keys={"k1": derived(b"bundlegate/v1/hmac")}, private_keys={}),
    )
    verifier.require_created = False
    for entry in manifest["artifacts"]:
        body = open(os.path.join(sealed, entry["path"]), "rb").read()
        verifier.verify(Message(entry, body), max_age=None, expect_tag="bundlegate-v1", body=body)
    print("http signatures:", len(manifest["artifacts"]))


def statement():
    envelope = Envelope.from_dict(json.load(open(os.path.join(sealed, "bundlegate.intoto.jsonl"))))
    pem = open(public_file).read()
    blocks = [f"{block}-----END PUBLIC KEY-----\n" for block in pem.split("-----END PUBLIC KEY-----\n") if block]
    keys = [serialization.load_pem_public_key(block.encode()) for block in blocks]
    names = []
    for name, key in zip(["ed25519", "ml-dsa-65"], keys):
        signature = next(value for keyid, value in envelope.signatures.items() if keyid.startswith(name))
        key.verify(bytes.fromhex(signature.signature), envelope.pae())
        names.append(name)
    payload = json.loads(envelope.payload)
    assert payload["_type"] == "https://in-toto.io/Statement/v1"
    for subject in payload["subject"]:
        body = open(os.path.join(sealed, subject["name"]), "rb").read()
        assert hashlib.sha256(body).hexdigest() == subject["digest"]["sha256"]
    print("statement:", " ".join(names), len(payload["subject"]))


def content_key(wrap):
    seed = base64.b64decode(os.environ["IDENTITY"].strip().split(":", 1)[1])
    expanded = hashlib.shake_256(seed).digest(96)
    private = hpke.MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        x25519.X25519PrivateKey.from_private_bytes(expanded[64:]),
    )
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    return suite.decrypt(base64.b64decode(wrap["key"]), private, info=b"bundlegate/v1")


def decrypted(entry):
    parameters = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=1 << 20, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        version=0, params=parameters, key_value=content_key(entry["encryption"]["wraps"][0])
    )
    keyset = tink_pb2.Keyset(
        primary_key_id=1,
        key=[
            tink_pb2.Keyset.Key(
                key_data=tink_pb2.KeyData(
                    type_url="type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
                    value=key.SerializeToString(),
                    key_material_type=tink_pb2.KeyData.SYMMETRIC,
                ),
                status=tink_pb2.ENABLED,
                key_id=1,
                output_prefix_type=tink_pb2.RAW,
            )
        ],
    )
    handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    primitive = handle.primitive(streaming_aead.StreamingAead)
    body = open(os.path.join(sealed, entry["path"]), "rb")
    with primitive.new_decrypting_stream(body, entry["path"].encode()) as stream:
        return stream.read()


def encryption():
    streaming_aead.register()
    entries = [entry for entry in manifest["artifacts"] if "encryption" in entry]
    for entry in entries:
        name = entry["path"].removesuffix(".enc")
        assert decrypted(entry) == open(os.path.join(plain, name), "rb").read(), name
    print("tink and hpke:", len(entries))


signatures()
statement()
encryption()
