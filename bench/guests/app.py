"""The no-op of plugins/test-guests/noop, in Python."""

from wit_world import exports
from wit_world.exports.tools import NoopRequest, NoopResult


class Tools(exports.Tools):
    def noop(self, request: NoopRequest) -> NoopResult:
        return NoopResult(request.value)
