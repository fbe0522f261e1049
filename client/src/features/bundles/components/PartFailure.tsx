import { messageOf } from "@/api/problem";
import { useBundle } from "../bundleContext";
import { CallFailure } from "./CallFailure";
import styles from "./Parts.module.css";

interface PartFailureProps {
  title: string;
  error: Error;
  stale?: boolean;
  onRetry: () => void;
}

/** Why a part of the page did not come; what stands at the head of the page already is not said twice. */
export function PartFailure({ error, ...rest }: PartFailureProps) {
  const { checkError } = useBundle();
  if (checkError !== null && messageOf(checkError) === messageOf(error)) return <p className={styles.meta}>Not known, for the reason above.</p>;
  return <CallFailure error={error} {...rest} />;
}
