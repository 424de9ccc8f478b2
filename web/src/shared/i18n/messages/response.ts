export const response = {
  "diagram.open": { en: "States and steps", zh: "状态与流程" },
  "diagram.alt": { en: "Diagram: {title}", zh: "流程图：{title}" },
  "diagram.download": { en: "Download SVG", zh: "下载 SVG" },
} as const;
