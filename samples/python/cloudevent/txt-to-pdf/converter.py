"""Makes a PDF of every text file that comes into a bucket, beside it."""

from pathlib import PurePosixPath
from typing import Any

import pdf
import storage
from notification import Location, location
from objects import find

MAX_BYTES = 2**20  # about a minute's work; a broker waits that long, hardly longer


def on_created(data: Any) -> Any:
    """Answer an event com.amazon.s3.objectcreated: make NAME.pdf of NAME.txt; other files are left in peace."""
    try:
        created = location(data)
        if not created.key.lower().endswith(".txt"):
            return reply("skipped", created, reason="only .txt files are made into PDFs")
        made = make_pdf(created)
    except storage.FAULTS as fault:
        return storage.refusal(fault)
    return reply("made", created, pdf=made)


def reply(outcome: str, created: Location, **more: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the reply event; its type is not one that the trigger lets through to this function."""
    attributes = {"type": f"com.example.pdf.{outcome}", "source": "urn:example:txt-to-pdf"}
    return attributes, {**created._asdict(), **more}


def make_pdf(created: Location) -> str:
    """Put the PDF of a text object beside it, unless it is there already; returns its key."""
    target = f"{created.key[: -len('.txt')]}.pdf"
    source = find(*created)
    if source is None:
        raise storage.EventError(f"{created.key} is not in {created.bucket}, or no longer")
    there, made_from = pdf_of(created, target)
    if made_from != source["ETag"]:
        document = pdf.convert(text_of(source, created.key), title=title(created.key), date=source["LastModified"])
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
    """Return the ETag of the PDF that is there, and that of the text it was made from; None and None without one.

    Raises:
        EventError: if the PDF was made by somebody else; it is not ours to replace.

    """
    found = find(created.bucket, target)
    if found is None:
        return None, None
    found["Body"].close()
    made_from = found["Metadata"].get("made-from")
    if made_from is None:
        raise storage.EventError(f"{target} is there and was not made from {created.key}: it is left as it is")
    return found["ETag"], made_from


def text_of(source: Any, key: str) -> str:
    """Return the text of the object: UTF-8, or UTF-16 if it begins with its mark.

    Raises:
        EventError: if it is neither, or too much.

    """
    if source["ContentLength"] > MAX_BYTES:
        raise storage.EventError(f"{key} has {source['ContentLength']} bytes, more than {MAX_BYTES}")
    content = source["Body"].read()
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise storage.EventError(f"{key} is no text in {encoding}: byte {error.start} is wrong") from error


def title(key: str) -> str:
    """Return the file's name without folders and suffix."""
    return PurePosixPath(key).stem
