import { Alert, Button } from "antd";
import { asProblem } from "../../api/problem";
import { messageKey, useI18n } from "../i18n/i18n";

/** What went wrong, in the reader's language where the code is known, else in the server's words. */
export function useProblemText(): (error: unknown) => string {
  const { t } = useI18n();
  return (error) => {
    const problem = asProblem(error);
    const key = messageKey(`problem.${problem.code}`);
    return key ? t(key) : problem.message;
  };
}

export function ProblemAlert({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useI18n();
  const problemText = useProblemText();
  if (!error) return null;
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={problemText(error)}
      action={
        retry && (
          <Button size="small" onClick={retry}>
            {t("common.retry")}
          </Button>
        )
      }
    />
  );
}
