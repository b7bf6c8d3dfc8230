"""The stand-ins' keys, published with the sandbox. config/settings/local.py gives the platform its halves."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PROJECT = "wrapper-sandbox"
CLIENT_EMAIL = f"push@{PROJECT}.iam.gserviceaccount.com"
APNS_KEY_ID, APNS_TEAM_ID, APNS_TOPIC = "SANDBOXKEY", "SANDBOXTM1", "test.wrapper.app"

_P = int(
    "F1547244FAE221AD0688ED96C69CB8DF6B8316509687C7373B22C64110762E6F6CD3DEB43E4E74AE95B172B2"
    "853DF7736D3C6495DFB31042BE78C3E926C09B563EE06E27ACD2F6EBFD5D5B9310BE322B34362A501604603D"
    "1CB7D5FD3D26841665BE45FC46784CE17DFC72408159EF6E658B23A08D42AA2B15D33E0560DE3DD9",
    16,
)
_Q = int(
    "D3486D1B6675DA210E6AF26D96D664A3786C983B4E73F5C1D6F07F268A7A7323949072979CFDA72CC5388AE8"
    "432A0CC92127DDDFEA493690AE4904E30802C8B6B2819FAFD488DC1EC9C7AD186327FFD1E8EA3BABC5DE2D12"
    "7476ECBB0CB45F8237B812A8C54A3D9023C8B01691A7B3E6761248BEA79155DA14B4CC63ABAF458D",
    16,
)


def vapid_private_key() -> str:
    """As WEB_PUSH_PRIVATE_KEY takes it."""
    return base64.urlsafe_b64encode((0x57_50_55_53_48).to_bytes(32, "big")).rstrip(b"=").decode()


def apns_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x41_50_4E_53, ec.SECP256R1())


def apns_pem() -> str:
    return _pem(apns_key())


def google_key() -> rsa.RSAPrivateKey:
    """Of the service account."""
    exponent = 65_537
    private = pow(exponent, -1, (_P - 1) * (_Q - 1))
    return rsa.RSAPrivateNumbers(
        p=_P,
        q=_Q,
        d=private,
        dmp1=rsa.rsa_crt_dmp1(private, _P),
        dmq1=rsa.rsa_crt_dmq1(private, _Q),
        iqmp=rsa.rsa_crt_iqmp(_P, _Q),
        public_numbers=rsa.RSAPublicNumbers(exponent, _P * _Q),
    ).private_key()


def service_account(sandbox_url: str) -> str:
    """As FCM_CREDENTIALS takes it. sandbox_url: where its pages are, without a slash at the end."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "sandbox",
            "private_key": _pem(google_key()),
            "client_email": CLIENT_EMAIL,
            "token_uri": f"{sandbox_url}/push/google/token",
        }
    )


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
