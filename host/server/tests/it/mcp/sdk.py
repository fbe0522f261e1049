"""The official client of the Model Context Protocol, over streamable HTTP and over standard streams.

Arguments: the endpoint, the bricklayer binary, the address of a scripted workspace.
"""

import asyncio
import sys

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client

ENDPOINT, BINARY, WORKSPACE = sys.argv[1:]
HEADERS = {"x-forwarded-email": "ann@example.com", "x-forwarded-access-token": "canary-token-of-ann"}


class Asked:
    """A user who says yes once they saw what it is about."""

    def __init__(self):
        self.questions = []

    async def __call__(self, context, params):
        self.questions.append(params.message)
        return types.ElicitResult(action="accept", content={"allow": True})


async def drive(read, write):
    asked, reports = Asked(), []

    async def progress(done, total, message):
        reports.append((done, total, message))

    async with ClientSession(read, write, elicitation_callback=asked) as session:
        hello = await session.initialize()
        assert hello.serverInfo.name == "bricklayer", hello
        tools, cursor = {}, None
        while True:
            page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
            tools |= {tool.name: tool for tool in page.tools}
            cursor = page.nextCursor
            if cursor is None:
                break
        sql = tools["mcp__databricks__execute_sql"]
        assert sql.title == "Run SQL" and sql.outputSchema["type"] == "object", sql
        # The client checks the typed result against the schema that the tool promised.
        rows = await session.call_tool(sql.name, {"statement": "SELECT 1"}, progress_callback=progress)
        assert not rows.isError and rows.structuredContent["rows"], rows
        written = await session.call_tool("Write", {"file_path": "a.md", "content": "kumquat"})
        assert written.structuredContent["kind"] in ("create", "update"), written
        assert not asked.questions, asked.questions
        dropped = await session.call_tool(sql.name, {"statement": "DROP TABLE IF EXISTS main.default.b"})
        assert len(asked.questions) == 1 and "main.default.b" in asked.questions[0], asked.questions
        assert not dropped.isError, dropped
        wrong = await session.call_tool(sql.name, {"statment": "SELECT 1"})
        assert wrong.isError and "statement" in wrong.content[0].text, wrong
        uris = [str(resource.uri) for resource in (await session.list_resources()).resources]
        assert "project:///a.md" in uris, uris
        read_back = await session.read_resource("project:///a.md")
        assert read_back.contents[0].text == "kumquat", read_back
        templates = (await session.list_resource_templates()).resourceTemplates
        completed = await session.complete(
            types.ResourceTemplateReference(type="ref/resource", uri=templates[0].uriTemplate),
            {"name": "path", "value": "a"},
        )
        assert completed.completion.values == ["a.md"], completed
        prompts = [prompt.name for prompt in (await session.list_prompts()).prompts]
        assert "databricks-sql" in prompts, prompts
        prompt = await session.get_prompt("databricks-sql", {"task": "count the rides"})
        assert prompt.messages[-1].content.text == "count the rides", prompt
        await session.set_logging_level("warning")
        await session.send_ping()


async def main():
    async with streamablehttp_client(ENDPOINT, headers=HEADERS) as (read, write, _):
        await drive(read, write)
    server = StdioServerParameters(
        command=BINARY,
        args=["mcp", "--data-dir", "data"],
        env={"DATABRICKS_HOST": WORKSPACE, "DATABRICKS_TOKEN": "canary-token-of-ann"},
    )
    async with stdio_client(server) as (read, write):
        await drive(read, write)
    print("the client is content")


asyncio.run(main())
