export function Emblem({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="6" fill="#ffffff" fillOpacity="0.14" />
      <path
        d="M6 22l5-8 4 5 5-11 6 14"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="20" cy="8" r="2.4" fill="#ffb547" />
    </svg>
  );
}
