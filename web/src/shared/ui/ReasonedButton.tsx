import { Button, Tooltip, type ButtonProps } from "antd";

interface Props extends ButtonProps {
  /** Why the button cannot be used now; shown instead of hiding the button. */
  disabledReason?: string | null | false;
}

export function ReasonedButton({ disabledReason, ...button }: Props) {
  if (!disabledReason) return <Button {...button} />;
  return (
    <Tooltip title={disabledReason}>
      {/* A disabled button takes no focus, so the reason hangs on a wrapper that does. */}
      <span role="note" aria-label={disabledReason}>
        <Button {...button} disabled aria-description={disabledReason} />
      </span>
    </Tooltip>
  );
}
