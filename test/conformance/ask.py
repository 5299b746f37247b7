"""Asks with the official client for Python: one question a line on stdin, one answer a line on stdout, both JSON. argv: address, model."""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="unused", max_retries=0, timeout=30)


def read_stream(request):
    text, finish, tools = "", "", {}
    for chunk in client.chat.completions.create(**request, stream=True):
        for choice in chunk.choices or []:
            if choice.index != 0:
                continue
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                name, arguments = tools.get(call.index, ("", ""))
                tools[call.index] = (name + (call.function.name or ""), arguments + (call.function.arguments or ""))
    return {"text": text, "finish": finish, "tools": [f"{name}({args})" for name, args in tools.values()]}


def read_whole(request):
    choice = client.chat.completions.create(**request).choices[0]
    tools = [f"{call.function.name}({call.function.arguments})" for call in choice.message.tool_calls or []]
    return {"text": choice.message.content or "", "finish": choice.finish_reason or "", "tools": tools}


for line in sys.stdin:
    asked = json.loads(line)
    request = {"model": sys.argv[2], "messages": [{"role": "user", "content": asked["content"]}]}
    try:
        answer = (read_stream if asked["stream"] else read_whole)(request)
    except openai.APIError as error:
        answer = {"error": True, "status": getattr(error, "status_code", None), "code": error.code, "type": error.type or type(error).__name__}
        response = getattr(error, "response", None)
        answer["after"] = None if response is None else response.headers.get("retry-after")
    except Exception as error:
        answer = {"error": True, "status": None, "code": type(error).__name__, "type": None, "after": None}
    print(json.dumps(answer), flush=True)
