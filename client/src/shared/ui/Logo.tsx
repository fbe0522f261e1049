/** Six bricks in running bond. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#b0452a" />
      <g fill="#fff6ef">
        <rect x="6" y="7" width="12" height="5" rx="1.2" />
        <rect x="20" y="7" width="6" height="5" rx="1.2" />
        <rect x="6" y="13.5" width="6" height="5" rx="1.2" />
        <rect x="14" y="13.5" width="12" height="5" rx="1.2" />
        <rect x="6" y="20" width="12" height="5" rx="1.2" />
        <rect x="20" y="20" width="6" height="5" rx="1.2" />
      </g>
    </svg>
  );
}
