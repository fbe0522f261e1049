import type { Signature } from "../api/types";
import { signatureMeaning, signatureWords } from "../model/words";
import styles from "./Install.module.css";
import { SaidBadge } from "./PluginBadges";

/** `brief`: what it is worth is said elsewhere. */
export function SignatureNotice({ signature, brief }: { signature: Signature; brief: boolean }) {
  return (
    <p className={styles.signature}>
      <SaidBadge said={signatureWords(signature)} />
      {!brief && <span>{signatureMeaning(signature)}</span>}
    </p>
  );
}
