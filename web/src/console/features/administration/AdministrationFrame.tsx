import { Suspense } from "react";
import { NavLink, Outlet } from "react-router";
import { useI18n } from "../../../shared/i18n/i18n";
import { paths } from "../../paths";

export function AdministrationFrame() {
  const { t } = useI18n();
  return (
    <>
      <nav className="sub-nav" aria-label={t("administration.title")}>
        <NavLink to={paths.users}>{t("users.title")}</NavLink>
        <NavLink to={paths.roles}>{t("roles.title")}</NavLink>
        <NavLink to={paths.tokens}>{t("tokens.title")}</NavLink>
      </nav>
      <Suspense fallback={null}>
        <Outlet />
      </Suspense>
    </>
  );
}
