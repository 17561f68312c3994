"""Converts each text file that is added to a bucket to a PDF in the same bucket."""

from pathlib import PurePosixPath
from typing import Any

import pdf
import storage
from notification import location
from objects import content, find
from settings import readiness
from source import Location, source_bucket

# A text of this length takes about a minute to convert, and a broker hardly waits longer. The limit applies to the file
# and to what is printed, because an emoji of four bytes is printed as a name, and a tab as spaces.
MAX_LENGTH = 2**20
MAX_FORM_FEEDS = 1000  # each starts a page, however little is on it


def on_created(data: Any) -> Any:
    """Handle an event com.amazon.s3.objectcreated: convert NAME.txt to NAME.pdf, and skip other files."""
    try:
        created = location(data)
        if not created.key.lower().endswith(".txt"):
            return reply("skipped", created, reason="only .txt files are converted to PDF")
        made = make_pdf(created)
    except storage.FAULTS as fault:
        return storage.refusal(fault)
    return reply("made", created, pdf=made)


def reply(outcome: str, created: Location, **more: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the reply event. The trigger does not accept its type, so it is not delivered to this function."""
    attributes = {"type": f"com.example.pdf.{outcome}", "source": "urn:example:txt-to-pdf"}
    return attributes, {**created._asdict(), **more}


def make_pdf(created: Location) -> str:
    """Put the PDF of a text object into the same bucket, unless it exists already, and return its key."""
    target = f"{created.key[: -len('.txt')]}.pdf"
    source = find(*created)
    if source is None:
        raise storage.EventError(f"{created.key} is not in {created.bucket}")
    there, made_from = pdf_of(created, target)
    if made_from != source["ETag"]:
        text = text_of(source, created.key)
        document = pdf.convert(text, title=title(created.key), date=source["LastModified"])
        storage.client("s3").put_object(
            Bucket=created.bucket,
            Key=target,
            Body=document,
            ContentType="application/pdf",
            Metadata={"made-from": source["ETag"]},
            **({"IfMatch": there} if there else {"IfNoneMatch": "*"}),
        )
    return target


def pdf_of(created: Location, target: str) -> tuple[str | None, str | None]:
    """Return the ETag of the existing PDF and the ETag of the text it was made from, or None and None if there is no PDF.

    Raises:
        EventError: if this function did not create the PDF. It must not replace it.

    """
    found = find(created.bucket, target)
    if found is None:
        return None, None
    found["Body"].close()
    made_from = found["Metadata"].get("made-from")
    if made_from is None:
        raise storage.EventError(f"{target} exists and was not made from {created.key}: it is left as it is")
    return found["ETag"], made_from


def text_of(source: Any, key: str) -> str:
    """Return the printable text of an object: UTF-16 if it starts with a byte order mark of UTF-16, otherwise UTF-8.

    Raises:
        EventError: if the text cannot be decoded or is too large.

    """
    encoded = content(source, key, MAX_LENGTH)
    encoding = "utf-16" if encoded[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = pdf.printable(encoded.decode(encoding))
    except UnicodeDecodeError as error:
        raise storage.EventError(f"{key} is not valid {encoding} text: byte {error.start} is not valid") from error
    form_feeds = text.count("\f")
    if len(text) > MAX_LENGTH or form_feeds > MAX_FORM_FEEDS:
        raise storage.EventError(f"{key} is too long to print: {len(text)} characters, {form_feeds} form feeds")
    return text


def title(key: str) -> str:
    """Return the name of the file without its folders and suffix."""
    return PurePosixPath(key).stem


def ready() -> tuple[bool, str]:
    """Return whether SOURCE_BUCKET is set, and the reason if not (GET /health/ready)."""
    return readiness(source_bucket)
