import { messageOf } from "@/api/problem";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { failureWords } from "../model/words";

interface CallFailureProps {
  /** "The plan could not be made", where nothing better is known. */
  title: string;
  error: Error;
  stale?: boolean;
  onRetry: () => void;
}

/** Why a tool gave no answer, and what to do. */
export function CallFailure({ title, error, stale = false, onRetry }: CallFailureProps) {
  const { title: known, advice } = failureWords(error);
  const said = messageOf(error);
  return (
    <LoadFailure
      title={known === null ? title : `${title}: ${known.charAt(0).toLowerCase()}${known.slice(1)}`}
      message={advice === "" ? said : `${said} ${advice}`}
      stale={stale}
      onRetry={onRetry}
    />
  );
}
