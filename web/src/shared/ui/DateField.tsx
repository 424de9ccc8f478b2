import { DatePicker } from "antd";
import dayjs from "dayjs";

interface Props {
  id?: string;
  value: string | undefined;
  onChange: (iso: string | undefined) => void;
  placeholder?: string;
  disabled?: boolean;
  ariaLabel?: string;
}

const ISO = "YYYY-MM-DD";

/** A civil date as ISO text. */
export function DateField({ id, value, onChange, placeholder, disabled, ariaLabel }: Props) {
  return (
    <DatePicker
      id={id}
      aria-label={ariaLabel}
      value={value ? dayjs(value) : null}
      onChange={(day: dayjs.Dayjs | null) => onChange(day?.format(ISO))}
      placeholder={placeholder}
      disabled={disabled}
      style={{ width: "100%" }}
    />
  );
}
