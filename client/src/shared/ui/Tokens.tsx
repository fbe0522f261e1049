import type { Token } from "@/shared/lib/tokenize";
import styles from "./Code.module.css";

/** Code in its colours. */
export function Tokens({ tokens }: { tokens: readonly Token[] }) {
  return tokens.map((token, index) =>
    token.kind === "plain" ? (
      token.text
    ) : (
      <span key={index} className={classOf(token.kind)}>
        {token.text}
      </span>
    ),
  );
}

/** Each kind of token has the class of its name. */
function classOf(kind: Token["kind"]): string | undefined {
  return styles[kind];
}
