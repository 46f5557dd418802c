"""A real SMTP server (aiosmtpd) for the tests; says on stdout where it listens.

Every mail whose content it has received is one JSON document a line in the file that it is given,
read by Python's own parser. By the recipient's name it behaves badly:

  busy…    451 to the first two RCPT, then as usual
  again…   451 to the first content, then as usual
  nobody…  550 to RCPT
  drop…    takes the content and closes the connection without an answer
  hang…    takes the content and never answers
"""

import asyncio
import email
import email.policy
import json
import sys
from collections import Counter

from aiosmtpd.smtp import SMTP


class Handler:
    def __init__(self, path):
        self.path = path
        self.seen = Counter()

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.seen[address] += 1
        if address.startswith("busy") and self.seen[address] <= 2:
            return "451 4.7.1 come again later"
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        self.seen["data " + to] += 1
        if to.startswith("again") and self.seen["data " + to] == 1:
            return "451 4.3.0 not now"
        self.keep(envelope)
        if to.startswith("drop"):
            server.transport.abort()
        if to.startswith("hang"):
            await asyncio.sleep(3600)
        return "250 2.0.0 taken"

    def keep(self, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: (body := mail.get_body((kind,))) and body.get_content()
        document = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name.lower(), str(value)] for name, value in mail.items()],
            "text": part("plain"),
            "html": part("html"),
            "defects": [str(defect) for defect in mail.defects],
        }
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(document) + "\n")


async def main():
    handler = Handler(sys.argv[1])
    loop = asyncio.get_running_loop()
    factory = lambda: SMTP(handler, hostname="localhost", loop=loop)
    server = await loop.create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with the test: when its input is closed.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
