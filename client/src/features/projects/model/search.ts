/** What has all the words in its name. */
export function matching<T extends { readonly name: string }>(all: readonly T[], text: string): readonly T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0 ? all : all.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
}
