import styles from "./Spinner.module.css";

/** Bricks being laid; decoration, so what is going on is said in words beside it. */
export function Spinner() {
  return (
    <span className={styles.spinner} aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
  );
}
