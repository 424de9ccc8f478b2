import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Form, Input, Modal, Select } from "antd";
import { useState } from "react";
import { keys } from "../../../api/keys";
import type { NewUser, User } from "../../../api/types";
import { useI18n } from "../../../shared/i18n/i18n";
import { useSession } from "../../../shared/session";
import { ProblemAlert } from "../../../shared/ui/ProblemAlert";
import { PASSWORD_MIN } from "../../../shared/password";
import { RegionSelect } from "../../../shared/ui/RegionSelect";
import { addGrant, createUser, rolesQuery } from "./queries";

export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [form] = Form.useForm<NewUser>();
  const create = useMutation({
    mutationFn: createUser,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.users });
      onClose();
    },
  });
  const required = { required: true, whitespace: true, message: t("form.required") };
  return (
    <Modal
      open
      title={t("users.new")}
      okText={t("users.create")}
      okButtonProps={{ loading: create.isPending }}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form<NewUser> form={form} layout="vertical" onFinish={(input) => create.mutate(input)}>
        <Form.Item name="username" label={t("session.username")} rules={[required]}>
          <Input autoComplete="off" autoCapitalize="none" />
        </Form.Item>
        <Form.Item name="display_name" label={t("setup.display_name")} rules={[required]}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("users.first_password")}
          extra={t("setup.password_rule", { n: PASSWORD_MIN })}
          rules={[required, { min: PASSWORD_MIN, message: t("setup.password_rule", { n: PASSWORD_MIN }) }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
      </Form>
      <ProblemAlert error={create.error} />
    </Modal>
  );
}

export function GrantDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { t, text } = useI18n();
  const session = useSession();
  const client = useQueryClient();
  const roles = useQuery(rolesQuery);
  const [role, setRole] = useState<string>();
  const [region, setRegion] = useState<string | undefined>(session.home_region.code);
  const grant = useMutation({
    mutationFn: (json: { role: string; region: string }) => addGrant(user.id, json),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.users });
      onClose();
    },
  });
  return (
    <Modal
      open
      title={t("users.add_grant_to", { name: user.username })}
      okText={t("users.add_grant")}
      okButtonProps={{ loading: grant.isPending, disabled: !role || !region }}
      onOk={() => role && region && grant.mutate({ role, region })}
      onCancel={onClose}
    >
      <Form layout="vertical" component="div">
        <Form.Item label={t("users.role")} htmlFor="grant-role">
          <Select
            id="grant-role"
            value={role}
            onChange={setRole}
            options={roles.data?.items.map((r) => ({ value: r.id, label: text(r.label) }))}
          />
        </Form.Item>
        <Form.Item label={t("registers.region")} htmlFor="grant-region" extra={t("users.region_note")}>
          <RegionSelect
            id="grant-region"
            ariaLabel={t("registers.region")}
            value={region}
            onChange={setRegion}
          />
        </Form.Item>
      </Form>
      <ProblemAlert error={roles.error ?? grant.error} />
    </Modal>
  );
}
