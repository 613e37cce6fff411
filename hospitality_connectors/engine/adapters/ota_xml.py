"""XML of strangers: read with care, looked into by local names, written for OTA 2003/05."""

import codecs
import email.parser
import email.policy
import re
import secrets

from lxml import etree

from ..adapter import ParseError

NAMESPACE = "http://www.opentravel.org/OTA/2003/05"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MOST_BYTES, MOST_DEPTH, MOST_ELEMENTS = 5 << 20, 60, 100_000
#: Encodings that may be named; what a parser would read beyond them may hide a document type from a look at the text.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read(data):
    """Return the root element of a document.

    Nothing outside of it is looked at: no document type, no entities, no references.

    :param data: bytes, or text whatever encoding it names
    :raise ParseError: it is no XML, too large or too deep, in an encoding that isn't read, or has a document type
    """
    if len(data) > MOST_BYTES:
        raise ParseError("", "too_large", f"The document is larger than {MOST_BYTES >> 20} MB.")
    text = _decode(data) if isinstance(data, bytes) else data
    if _DOCTYPE.search(text):
        raise ParseError("", "dtd", "The document has a document type or declares entities, which is not accepted.")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError("", "not_xml", f"The document is not well-formed XML: {str(error)[:120]}.") from None
    _check_shape(root)
    return root


def _decode(data):
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    if encoding is None:
        declared = _DECLARED.match(data[:400].replace(b"\x00", b""))
        named = declared[1].decode().lower() if declared else "utf-8"
        encoding = ENCODINGS.get(named)
        if encoding is None:
            raise ParseError("", "encoding", f"The encoding {named} is not read. Send UTF-8.")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise ParseError("", "encoding", f"The document is not in the encoding that it names ({encoding}).") from None


def _check_shape(root):
    open_, count = [(root, 1)], 0
    while open_:
        element, depth = open_.pop()
        count += 1
        if depth > MOST_DEPTH or count > MOST_ELEMENTS:
            raise ParseError("", "too_deep", "The document has too many elements, or too many inside each other.")
        if not isinstance(element.tag, str):
            raise ParseError("", "dtd", "The document refers to entities, which is not accepted.")
        open_ += [(child, depth + 1) for child in element]


def name(element):
    """Return the name of an element without its namespace."""
    return etree.QName(element).localname


def kids(element, *names):
    """Return the elements at the end of a path of local names: all of them, in document order."""
    found = [] if element is None else [element]
    for wanted in names:
        found = [child for one in found for child in one if name(child) == wanted]
    return found


def kid(element, *names):
    """Return the first element at the end of a path of local names, or None."""
    return next(iter(kids(element, *names)), None)


def text(element, *names):
    """Return the text of the first element at the end of a path, without blanks around it; None where it has none."""
    found = kid(element, *names)
    return None if found is None else ("".join(found.itertext()).strip() or None)


def attribute(element, label):
    """Return an attribute without blanks around it; None where there is none."""
    value = None if element is None else element.get(label)
    return (value.strip() or None) if value else None


def unwrap(root):
    """Return ``(message, SOAP header or None)``; a message that is not in an envelope is its own.

    :raise ParseError: the envelope is empty
    """
    if name(root) != "Envelope":
        return root, None
    body = kid(root, "Body")
    if body is None or not len(body):
        raise ParseError("Envelope.Body", "empty", "The SOAP envelope holds no message.")
    return body[0], kid(root, "Header")


def element(tag, *children, text=None, **attributes):
    """Return a new element of the OTA namespace; attributes without a value are left out."""
    made = etree.Element(
        f"{{{NAMESPACE}}}{tag}", {key: value for key, value in attributes.items() if value}, {None: NAMESPACE}
    )
    made.text = text
    made.extend(children)
    return made


def write(root, in_envelope=False):
    """Return a document as bytes.

    :param in_envelope: in SOAP 1.1, with an empty header
    """
    if in_envelope:
        envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
        etree.SubElement(envelope, f"{{{SOAP}}}Header")
        etree.SubElement(envelope, f"{{{SOAP}}}Body").append(root)
        root = envelope
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def form(parts, mark=""):
    """Return ``(content type, body)`` of a form with files (RFC 7578), as AlpineBits wants it.

    :param dict parts: text or bytes by name
    :param mark: boundary between the parts, empty: a new one
    """
    mark = mark or secrets.token_hex(16)
    chunks = []
    for label, value in parts.items():
        value = value if isinstance(value, bytes) else value.encode()
        chunks.append(f'--{mark}\r\nContent-Disposition: form-data; name="{label}"\r\n\r\n'.encode() + value + b"\r\n")
    return f"multipart/form-data; boundary={mark}", b"".join(chunks) + f"--{mark}--\r\n".encode()


def mark_of(content_type):
    """Return the boundary of a form, or None."""
    return _mime(content_type).get_boundary()


def read_form(content_type, body):
    """Return the parts of a form by name, as bytes; nothing where it is none."""
    if len(body) > MOST_BYTES:
        return {}
    message = _mime(content_type, body)
    if not message.is_multipart():
        return {}
    parts = {}
    for part in message.get_payload():
        label = part.get_param("name", header="content-disposition")
        if isinstance(label, str) and not part.is_multipart():
            parts[label] = part.get_payload(decode=True) or b""
    return parts


def _mime(content_type, body=b""):
    head = " ".join(content_type[:400].split())
    parser = email.parser.BytesParser(policy=email.policy.compat32)
    return parser.parsebytes(f"Content-Type: {head}\r\n\r\n".encode("ascii", "replace") + body)
