import { Drawer } from "antd";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { useDocumentTitle } from "./useDocumentTitle";

interface Props {
  title: string;
  /** Where closing leads. */
  back: string;
  children: ReactNode;
}

/** A page beside another one, with an address of its own. */
export function DrawerPage({ title, back, children }: Props) {
  const navigate = useNavigate();
  useDocumentTitle(title);
  return (
    <Drawer open size={720} title={title} aria-label={title} onClose={() => void navigate(back)}>
      {children}
    </Drawer>
  );
}
