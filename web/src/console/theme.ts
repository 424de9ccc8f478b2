import type { ThemeConfig } from "antd";

/** Calm, dense, light: system fonts, small radii, one blue. */
export const theme: ThemeConfig = {
  token: {
    colorPrimary: "#1b5aa6",
    colorInfo: "#1b5aa6",
    colorLink: "#1b5aa6",
    colorSuccess: "#2f7d56",
    colorWarning: "#c97a1a",
    colorError: "#c0322b",
    colorTextBase: "#1d2b3a",
    colorBorder: "#cfd7e0",
    colorBorderSecondary: "#e3e8ee",
    // Hints and empty tables are read too: at least 4.5 to 1 on white.
    colorTextPlaceholder: "#6d7883",
    colorTextQuaternary: "#6d7883",
    colorTextDisabled: "rgba(29, 43, 58, 0.32)",
    colorTextTertiary: "#66737f",
    colorTextDescription: "#5d6975",
    colorBgLayout: "#eff2f6",
    borderRadius: 4,
    borderRadiusLG: 6,
    fontSize: 14,
    controlHeight: 30,
    fontFamily:
      '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC",system-ui,sans-serif',
    motionDurationMid: "0.12s",
    motionDurationSlow: "0.16s",
    wireframe: false,
  },
  components: {
    Table: { headerBg: "#f3f6f9", headerColor: "#43515f", cellPaddingBlockSM: 6, rowHoverBg: "#f3f7fc" },
    Menu: { itemHeight: 38, itemBorderRadius: 4, itemSelectedBg: "#e4eef9", itemSelectedColor: "#124a8d" },
    Descriptions: { itemPaddingBottom: 6 },
    Segmented: { itemColor: "#4a5765" },
    Tag: { defaultBg: "#f3f6f9" },
  },
};

/** The same for readers who asked their system for less movement: menus and dialogs are there at once. */
export const stillTheme: ThemeConfig = { ...theme, token: { ...theme.token, motion: false } };
