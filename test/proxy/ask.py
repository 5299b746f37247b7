"""Asks through the proxy with the official client and prints what came of it as one line of JSON. argv: address, request."""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="unused", max_retries=0, timeout=30)
request = json.loads(sys.argv[2])
text, tools, finish = "", {}, None
try:
    if request.get("stream"):
        for chunk in client.chat.completions.create(**request):
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
                for call in choice.delta.tool_calls or []:
                    name, arguments = tools.get(call.index, ("", ""))
                    tools[call.index] = (name + (call.function.name or ""), arguments + (call.function.arguments or ""))
    else:
        raw = client.chat.completions.with_raw_response.create(**request)
        [choice] = raw.parse().choices
        text, finish = choice.message.content, choice.finish_reason
        print(raw.headers.get("countersign-verdict"), file=sys.stderr)
    print(json.dumps({"text": text, "finish": finish, "tools": list(tools.values())}))
except openai.APIError as error:
    status = getattr(error, "status_code", None)
    print(json.dumps({"error": type(error).__name__, "status": status, "code": error.code, "message": error.message}))
