"""A real S3-compatible server (moto) for the tests: says on stdout where it listens and by which key.

It takes what is signed by that key and refuses everything else. What it holds is gone with it. To each
line on stdin it answers a line of JSON:

  kept          the objects that it holds, by name, and how many uploads in parts have not ended
  spoil NAME    one bit of that object becomes another
  lose BUCKET   the bucket is gone, with all that is in it
"""

import json
import os
import sys

# What is done below is done before anybody has a key; from then on every request is looked at.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"
# Nothing of the machine's own settings.
os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_EC2_METADATA_DISABLED="true")

from urllib.parse import parse_qsl, quote, urlencode  # noqa: E402

import boto3  # noqa: E402
from moto.iam import access_control  # noqa: E402
from moto.s3.models import s3_backends  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

REGION = "eu-central-1"


class Asked(access_control.S3IAMRequest):
    """Signed is the query as it was sent; moto has decoded it when it looks at the signature."""

    def _create_aws_request(self):
        path, mark, query = self._path.partition("?")
        self._path = path + mark + urlencode(parse_qsl(query, keep_blank_values=True), quote_via=quote, safe="-_.~")
        return super()._create_aws_request()


access_control.S3IAMRequest = Asked

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"


def client(service):
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint)


iam = client("iam")
iam.create_user(UserName="parvaneh")
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="parvaneh", PolicyName="documents", PolicyDocument=json.dumps(everything))
key = iam.create_access_key(UserName="parvaneh")["AccessKey"]
client("s3").create_bucket(Bucket="papers", CreateBucketConfiguration={"LocationConstraint": REGION})


def say(what):
    print(json.dumps(what), flush=True)


say({"endpoint": endpoint, "region": REGION, "key": key["AccessKeyId"], "secret": key["SecretAccessKey"]})
(account,) = s3_backends
buckets = s3_backends[account]["aws"].buckets
for line in sys.stdin:
    command, _, name = line.strip().partition(" ")
    bucket = buckets.get("papers")
    if command == "kept":
        say({"objects": sorted(bucket.keys), "unfinished": len(bucket.multiparts)})
    elif command == "spoil":
        content = bytearray(bucket.keys[name].value)
        content[len(content) // 2] ^= 1
        bucket.keys[name].value = bytes(content)
        say("spoilt")
    elif command == "lose":
        del buckets[name]
        say("lost")
os._exit(0)
