import { links } from "@/shared/lib/links";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { Link } from "@/shared/ui/Link";
import styles from "./NotFoundPage.module.css";

export function NotFoundPage() {
  useDocumentTitle("Not found");
  return (
    <main className={styles.page}>
      <h1>There is nothing here</h1>
      <p>The address may be wrong, or what it named is gone.</p>
      <Link href={links.projects()}>Go to your projects</Link>
    </main>
  );
}
