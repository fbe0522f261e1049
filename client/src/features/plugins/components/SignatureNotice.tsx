import type { Signature } from "../api/types";
import { signatureMeaning, signatureWords } from "../model/words";
import styles from "./Install.module.css";
import { SaidBadge } from "./PluginBadges";

export function SignatureNotice({ signature }: { signature: Signature }) {
  return (
    <p className={styles.signature}>
      <SaidBadge said={signatureWords(signature)} />
      <span>{signatureMeaning(signature)}</span>
    </p>
  );
}
