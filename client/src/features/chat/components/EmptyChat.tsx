import { Icon, type IconName } from "@/shared/ui/Icon";
import { Logo } from "@/shared/ui/Logo";
import cards from "../firstCards.json";
import styles from "./EmptyChat.module.css";

interface Suggestion {
  icon: IconName;
  title: string;
  message: string;
}

/** Data, because tests of the host and of the page ask each of them. */
const suggestions = cards as readonly Suggestion[];

/** What to ask, for whoever has not asked yet. A press puts the words into the composer's hands: it sends them. */
export function EmptyChat({ onPick, disabled }: { onPick: (message: string) => void; disabled: boolean }) {
  return (
    <div className={styles.empty}>
      <Logo size={44} />
      <h1>What do you want to know?</h1>
      <p>The agent runs SQL on your workspace, shows its work, and keeps what you ask it to keep in this project’s files.</p>
      <ul className={styles.suggestions}>
        {suggestions.map((suggestion) => (
          <li key={suggestion.title}>
            <button type="button" disabled={disabled} onClick={() => onPick(suggestion.message)}>
              <span className={styles.icon}>
                <Icon name={suggestion.icon} />
              </span>
              <span className={styles.texts}>
                <strong>{suggestion.title}</strong>
                <span className={suggestion.message.startsWith("/") ? styles.command : undefined}>{suggestion.message}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
