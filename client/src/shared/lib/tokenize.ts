/**
 * Just enough lexing to colour code: comments, strings, numbers, keywords. Never fails; what it does not know is plain.
 */
export interface Token {
  kind: "plain" | "keyword" | "string" | "number" | "comment" | "name" | "removed";
  text: string;
}

interface Language {
  pattern: RegExp;
  keywords: ReadonlySet<string>;
  ignoreCase: boolean;
}

const sqlWords =
  "select from where group by order having limit offset with recursive as on using join inner left right full outer cross lateral natural union all distinct except intersect insert into values update set delete merge matched then when case else end and or not in is null like ilike rlike between exists create replace table view schema catalog database if drop alter add column columns truncate describe show use grant revoke to comment tblproperties optimize zorder vacuum partition partitioned cluster over window rows range unbounded preceding following current row asc desc nulls first last true false cast try_cast interval explain analyze refresh primary key foreign references default constraint function returns return language temporary volume location pivot unpivot qualify tablesample any some";
const pythonWords =
  "def class return if elif else for while in not and or is none true false import from as with try except finally raise lambda yield pass break continue global nonlocal assert async await del match case";

/** Scala, JavaScript, Java and their like: the same comments, strings and numbers. */
const cLike =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>"""[\s\S]*?(?:"""|$)|"(?:[^"\\\n]|\\.)*"?|`(?:[^`\\]|\\.)*`?|'(?:[^'\\\n]|\\.)*')|(?<name>@[A-Za-z_][\w.]*)|(?<number>\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?[A-Za-z]?\b)|(?<word>[A-Za-z_$][\w$]*)/g;

const languages: Record<string, Language> = {
  sql: {
    pattern:
      /(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^'\\]|\\.|'')*(?:'|$))|(?<name>`[^`]*(?:`|$)|:[A-Za-z_]\w*)|(?<number>\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?<word>[A-Za-z_]\w*)/g,
    keywords: new Set(sqlWords.split(" ")),
    ignoreCase: true,
  },
  python: {
    pattern:
      /(?<comment>#[^\n]*)|(?<string>"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|(?<name>@[A-Za-z_][\w.]*)|(?<number>\b\d[\d_]*(?:\.\d+)?\b)|(?<word>[A-Za-z_]\w*)/g,
    keywords: new Set(pythonWords.split(" ").concat("None", "True", "False")),
    ignoreCase: false,
  },
  json: {
    pattern: /(?<name>"(?:[^"\\]|\\.)*"(?=\s*:))|(?<string>"(?:[^"\\]|\\.)*"?)|(?<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?<word>[a-z]+)/g,
    keywords: new Set(["true", "false", "null"]),
    ignoreCase: false,
  },
  yaml: {
    pattern:
      /(?<comment>(?:^|(?<=\s))#[^\n]*)|(?<name>^[ \t]*(?:- +)*[\w./"'-]+(?=:(?:\s|$)))|(?<string>"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?)|(?<number>(?<![\w.-])-?\d+(?:\.\d+)?(?![\w.-]))|(?<word>[A-Za-z]+)/gm,
    keywords: new Set(["true", "false", "null", "yes", "no", "on", "off"]),
    ignoreCase: true,
  },
  toml: {
    pattern:
      /(?<comment>#[^\n]*)|(?<name>^[ \t]*(?:\[\[?[^\]\n]*\]?\]?|[\w."'-]+(?=[ \t]*=)))|(?<string>"""[\s\S]*?(?:"""|$)|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?)|(?<number>(?<![\w.-])[-+]?\d[\d_]*(?:\.\d+)?)|(?<word>[A-Za-z]+)/gm,
    keywords: new Set(["true", "false"]),
    ignoreCase: false,
  },
  bash: {
    pattern:
      /(?<comment>(?:^|(?<=\s))#[^\n]*)|(?<string>"(?:[^"\\]|\\.)*"?|'[^']*'?)|(?<name>\$(?:\{[^}\n]*\}?|\w+|[@#?*$!-])|(?<=\s)--?[A-Za-z][\w-]*)|(?<number>(?<![\w.-])\d+(?![\w.-]))|(?<word>[A-Za-z_]\w*)/gm,
    keywords: new Set("if then else elif fi for while until do done case esac in function return export local set unset exit cd echo source sudo".split(" ")),
    ignoreCase: false,
  },
  scala: {
    pattern: cLike,
    keywords: new Set(
      "abstract case catch class def do else extends false final finally for given if implicit import lazy match new null object override package private protected return sealed super this throw trait try true type using val var while with yield".split(
        " ",
      ),
    ),
    ignoreCase: false,
  },
  javascript: {
    pattern: cLike,
    keywords: new Set(
      "as async await break case catch class const continue default delete do else enum export extends false finally for from function if implements import in instanceof interface let new null of private public readonly return static super switch this throw true try type typeof undefined var void while yield".split(
        " ",
      ),
    ),
    ignoreCase: false,
  },
  java: {
    pattern: cLike,
    keywords: new Set(
      "abstract as async await boolean break byte case catch char class const continue crate default do double else enum extends false final finally fn float for if impl implements import in instanceof int interface let long loop match mod mut new null package private protected pub public record return self short static struct super switch this throw throws trait true try type use var void where while".split(
        " ",
      ),
    ),
    ignoreCase: false,
  },
  diff: {
    pattern: /(?<string>^\+[^\n]*)|(?<removed>^-[^\n]*)|(?<name>^@@[^\n]*)|(?<comment>^(?:diff|index) [^\n]*)/gm,
    keywords: new Set(),
    ignoreCase: false,
  },
};

const aliases: Record<string, string> = {
  py: "python",
  pyspark: "python",
  jsonc: "json",
  jsonl: "json",
  ipynb: "json",
  "spark-sql": "sql",
  sparksql: "sql",
  databricks: "sql",
  yml: "yaml",
  sh: "bash",
  shell: "bash",
  zsh: "bash",
  console: "bash",
  ini: "toml",
  cfg: "toml",
  sc: "scala",
  js: "javascript",
  jsx: "javascript",
  ts: "javascript",
  tsx: "javascript",
  typescript: "javascript",
  rs: "java",
  rust: "java",
  kotlin: "java",
  c: "java",
  cpp: "java",
  go: "java",
  patch: "diff",
};

/** Text longer than this is shown plain: colours are not worth a stutter. */
const MAX_COLOURED_LENGTH = 60_000;

export function tokenize(code: string, languageName: string): Token[] {
  const lower = languageName.toLowerCase();
  const language = languages[aliases[lower] ?? lower];
  if (language === undefined || code.length > MAX_COLOURED_LENGTH) return [{ kind: "plain", text: code }];
  const tokens: Token[] = [];
  let at = 0;
  const plain = (until: number): void => {
    if (until > at) tokens.push({ kind: "plain", text: code.slice(at, until) });
  };
  for (const match of code.matchAll(language.pattern)) {
    const kind = kindOf(match, language);
    if (kind === "plain" || match[0] === "") continue;
    plain(match.index);
    tokens.push({ kind, text: match[0] });
    at = match.index + match[0].length;
  }
  plain(code.length);
  return tokens;
}

function kindOf(match: RegExpExecArray, language: Language): Token["kind"] {
  const groups = match.groups ?? {};
  for (const kind of ["comment", "string", "name", "number", "removed"] as const) if (groups[kind] !== undefined) return kind;
  const word = groups["word"] ?? "";
  return language.keywords.has(language.ignoreCase ? word.toLowerCase() : word) ? "keyword" : "plain";
}
