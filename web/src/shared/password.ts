/** Shortest password that the server takes. */
export const PASSWORD_MIN = 10;
