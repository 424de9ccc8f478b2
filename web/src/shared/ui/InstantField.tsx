import { Input } from "antd";
import { fromCivil, toCivil } from "../format/zone";
import { useSession } from "../session";

interface Props {
  id?: string;
  value: string | undefined;
  onChange: (iso: string | undefined) => void;
  disabled?: boolean;
  ariaLabel?: string;
}

/** An instant, entered as the clocks of the installation show it. */
export function InstantField({ id, value, onChange, disabled, ariaLabel }: Props) {
  const { time_zone } = useSession();
  return (
    <Input
      id={id}
      type="datetime-local"
      aria-label={ariaLabel}
      value={toCivil(value, time_zone)}
      disabled={disabled}
      onChange={(event) => onChange(fromCivil(event.target.value, time_zone))}
    />
  );
}
