import styles from "./SkipLink.module.css";

/** The first stop of the keyboard: past the sidebar, to what the page is about. */
export function SkipLink() {
  return (
    <a
      href="#main"
      className={styles.skip}
      onClick={(event) => {
        event.preventDefault();
        const main = document.querySelector<HTMLElement>("main");
        if (main === null) return;
        main.tabIndex = -1;
        main.focus();
      }}
    >
      Skip to content
    </a>
  );
}
