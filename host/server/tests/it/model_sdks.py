"""The official clients against the scripted model, on both of its wires."""

import os

import anthropic
import openai

ROOT = os.environ["MODEL_ROOT"].rstrip("/")
MESSAGES = [{"role": "user", "content": "ask"}]
SCHEMA = {"type": "object", "properties": {"statement": {"type": "string"}}}
NAME = "mcp__databricks__execute_sql"


def messages():
    client = anthropic.Anthropic(base_url=ROOT, api_key="k", max_retries=0)
    tools = [{"name": NAME, "description": "runs", "input_schema": SCHEMA}]
    with client.messages.stream(model="m", max_tokens=99, messages=MESSAGES, tools=tools) as stream:
        first = stream.get_final_message()
    assert [block.type for block in first.content] == ["thinking", "text", "tool_use"], first
    thought, said, call = first.content
    assert (thought.thinking, thought.signature, said.text) == ("Hm, größe", "c2ln", "I look ☃"), first
    assert (call.id, call.name, call.input) == ("call_1", NAME, {"statement": "SELECT 1"}), first
    assert first.stop_reason == "tool_use" and first.usage.output_tokens == 5, first
    answered = MESSAGES + [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "1"}]},
    ]
    with client.messages.stream(model="m", max_tokens=99, messages=answered, tools=tools) as stream:
        assert "".join(stream.text_stream) == "I see"
        assert stream.get_final_message().stop_reason == "end_turn"
    try:
        client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "limit"}], stream=True)
        raise AssertionError("no error came")
    except anthropic.RateLimitError as error:
        assert "slow down" in str(error), error


def completions():
    client = openai.OpenAI(base_url=ROOT + "/v1", api_key="k", max_retries=0)
    tools = [{"type": "function", "function": {"name": NAME, "description": "runs", "parameters": SCHEMA}}]
    options = {"include_usage": True}
    ask = [{"role": "user", "content": "plain"}]
    with client.chat.completions.stream(model="m", messages=ask, tools=tools, stream_options=options) as stream:
        completion = stream.get_final_completion()
    choice = completion.choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content == "I look ☃", completion
    calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls]
    assert calls == [("call_1", NAME, '{"statement":"SELECT 1"}'), ("call_2", NAME, '{"statement":"SELECT 2"}')], calls
    assert completion.usage.completion_tokens == 5, completion
    echoed = [{"id": i, "type": "function", "function": {"name": n, "arguments": a}} for i, n, a in calls]
    answered = ask + [{"role": "assistant", "content": choice.message.content, "tool_calls": echoed}]
    answered += [{"role": "tool", "tool_call_id": call[0], "content": "1"} for call in calls]
    chunks = client.chat.completions.create(model="m", messages=answered, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "I see"
    # Databricks' list of reasoning and text comes through as it is.
    parts = [c.choices[0].delta.content for c in client.chat.completions.create(model="m", messages=MESSAGES, stream=True) if c.choices]
    assert {"type": "summary_text", "text": "größe", "signature": "c2ln"} in [
        summary for part in parts if isinstance(part, list) for item in part for summary in item["summary"]
    ], parts
    try:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "limit"}], stream=True)
        raise AssertionError("no error came")
    except openai.RateLimitError as error:
        assert "slow down" in str(error), error


messages()
completions()
print("the clients are content")
