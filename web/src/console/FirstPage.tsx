import { Navigate } from "react-router";
import { useSession } from "../shared/session";
import { paths, sectionPaths } from "./paths";

/** Opens the first part of the console for which somebody has a use. */
export function FirstPage() {
  const [first] = useSession().sections;
  return <Navigate to={(first && sectionPaths[first]) ?? paths.account} replace />;
}
