// The no-op of plugins/test-guests/noop, in JavaScript.
export const tools = {
  noop: ({ value }) => ({ value }),
};
