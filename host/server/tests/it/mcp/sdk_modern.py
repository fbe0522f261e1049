"""The official client of the Model Context Protocol in its newest release, which speaks revision 2026-07-28: without
sessions, and questions by rounds. Over streamable HTTP and over standard streams.

Arguments: the endpoint, the bricklayer binary, the address of a scripted workspace.
"""

import asyncio
import sys

import httpx2
from mcp import Client, StdioServerParameters, types
from mcp.client.streamable_http import streamable_http_client

ENDPOINT, BINARY, WORKSPACE = sys.argv[1:]
HEADERS = {"x-forwarded-email": "ann@example.com", "x-forwarded-access-token": "canary-token-of-ann"}


async def drive(transport):
    questions, reports = [], []

    async def ask(context, params):
        questions.append(params.message)
        return types.ElicitResult(action="accept", content={"allow": True})

    async def progress(done, total, message):
        reports.append((done, total, message))

    async with Client(transport, elicitation_callback=ask) as client:
        assert client.protocol_version == "2026-07-28", client.protocol_version
        tools, cursor = {}, None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools |= {tool.name: tool for tool in page.tools}
            cursor = page.next_cursor
            if cursor is None:
                break
        sql = tools["mcp__databricks__execute_sql"]
        assert sql.output_schema["type"] == "object", sql
        rows = await client.call_tool(sql.name, {"statement": "SELECT 1"}, progress_callback=progress)
        assert not rows.is_error and rows.structured_content["rows"], rows
        written = await client.call_tool("Write", {"file_path": "modern.md", "content": "kumquat"})
        assert written.structured_content["kind"] in ("create", "update"), written
        assert not questions, questions
        dropped = await client.call_tool(sql.name, {"statement": "DROP TABLE IF EXISTS main.default.b"})
        assert len(questions) == 1 and "main.default.b" in questions[0], questions
        assert not dropped.is_error, dropped
        uris = [str(resource.uri) for resource in (await client.list_resources()).resources]
        assert "project:///modern.md" in uris, uris
        read_back = await client.read_resource("project:///modern.md")
        assert read_back.contents[0].text == "kumquat", read_back
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
        assert "databricks-sql" in prompts, prompts


async def main():
    async with httpx2.AsyncClient(headers=HEADERS, timeout=60) as http:
        await drive(streamable_http_client(ENDPOINT, http_client=http))
    await drive(
        StdioServerParameters(
            command=BINARY,
            args=["mcp", "--data-dir", "data"],
            env={"DATABRICKS_HOST": WORKSPACE, "DATABRICKS_TOKEN": "canary-token-of-ann"},
        )
    )
    print("the client is content")


asyncio.run(main())
