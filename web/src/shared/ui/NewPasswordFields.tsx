import { Form, Input } from "antd";
import { useI18n } from "../i18n/i18n";
import { PASSWORD_MIN } from "../password";

/** Fields `password` and `repeated` of a form: a new password, typed twice. */
export function NewPasswordFields({ label }: { label: string }) {
  const { t } = useI18n();
  const required = { required: true, message: t("form.required") };
  const rule = t("setup.password_rule", { n: PASSWORD_MIN });
  return (
    <>
      <Form.Item
        name="password"
        label={label}
        extra={rule}
        rules={[required, { min: PASSWORD_MIN, message: rule }]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="repeated"
        label={t("setup.repeat")}
        dependencies={["password"]}
        rules={[
          required,
          ({ getFieldValue }) => ({
            validator: async (_, value: string) => {
              if (value && value !== getFieldValue("password")) throw new Error(t("setup.differs"));
            },
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
    </>
  );
}
