"""Tells what the SDK of the CloudEvents project reads from a WebSocket: cloud_events.py URL

One line of JSON for each event. The SDK refuses what is no event; what it read, it has to write again as it came.
"""

import asyncio
import base64
import json
import sys
from datetime import datetime

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from websockets.asyncio.client import connect


def members(text):
    event = json.loads(text)
    return event | {"time": datetime.fromisoformat(event["time"].replace("Z", "+00:00"))}


async def main(url):
    form = JSONFormat()
    async with connect(url, subprotocols=["cloudevents.json"], proxy=None) as socket:
        async for message in socket:
            event = form.read(CloudEvent, message)
            assert members(form.write(event)) == members(message), message
            data = event.get_data()
            print(json.dumps({
                "type": event.get_type(), "id": event.get_id(), "source": event.get_source(),
                "subject": event.get_subject(), "milliseconds": round(event.get_time().timestamp() * 1000),
                "datacontenttype": event.get_datacontenttype(), "isBinary": isinstance(data, bytes),
                "data": base64.b64encode(data).decode() if isinstance(data, bytes) else data,
            }), flush=True)


asyncio.run(main(sys.argv[1]))
