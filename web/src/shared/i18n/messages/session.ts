export const session = {
  "session.sign_in": { en: "Sign in", zh: "登录" },
  "session.sign_in_note": { en: "With the account of your institution", zh: "请使用本单位分配的账户" },
  "session.sign_out": { en: "Sign out", zh: "退出登录" },
  "session.still_signed_in": {
    en: "You are still signed in: {reason}",
    zh: "尚未退出登录：{reason}",
  },
  "session.username": { en: "User name", zh: "用户名" },
  "session.password": { en: "Password", zh: "密码" },
  "session.point_path": {
    en: "From a file to a decision: read, check, analyse, assess, publish",
    zh: "从文件到决策：读取、核对、分析、评估、发布",
  },
  "session.point_known": {
    en: "Every figure as it was known on any day",
    zh: "任何一天当时已知的数据，随时可查",
  },
  "session.point_people": {
    en: "The system proposes, people decide",
    zh: "系统提示，由人决定",
  },
  "session.demo_accounts": { en: "Accounts of this demonstration", zh: "演示账户" },

  "account.title": { en: "My account", zh: "我的账户" },
  "account.who": { en: "Who I am here", zh: "账户信息" },
  "account.password": { en: "Change the password", zh: "修改密码" },
  "account.password_note": {
    en: "Every other session of the account ends.",
    zh: "修改后，该账户在其他地方的登录全部失效。",
  },
  "account.current": { en: "Present password", zh: "当前密码" },
  "account.new": { en: "New password", zh: "新密码" },
  "account.change": { en: "Change the password", zh: "修改密码" },
  "account.changed": { en: "The password is changed", zh: "密码已修改" },

  "setup.title": { en: "Create the first administrator", zh: "创建首位管理员" },
  "setup.note": {
    en: "This page opens once, with the link that the server printed when it started.",
    zh: "本页只能通过服务器启动时打印的一次性链接打开。",
  },
  "setup.display_name": { en: "Name shown to others", zh: "显示姓名" },
  "setup.password_rule": { en: "At least {n} characters", zh: "至少 {n} 个字符" },
  "setup.repeat": { en: "Repeat the password", zh: "再次输入密码" },
  "setup.differs": { en: "The passwords differ", zh: "两次输入的密码不一致" },
  "setup.create": { en: "Create and sign in", zh: "创建并登录" },
  "setup.no_token": { en: "The link is incomplete", zh: "链接不完整" },
  "setup.no_token_note": {
    en: "Copy the whole address from the output of the server.",
    zh: "请从服务器的输出中复制完整地址。",
  },
} as const;
