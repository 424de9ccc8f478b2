import type { Issue, Problem } from "./types";

/** What a refused request throws: RFC 9457 problem details with the stable code that the console translates. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly issues: Issue[];
  readonly currentVersion: number | null;
  /** Fields that somebody else changed meanwhile. */
  readonly changedFields: string[];
  readonly changedBy: string | null;

  constructor(problem: Partial<Problem> & { status: number }) {
    super(problem.detail ?? problem.title ?? `HTTP ${problem.status}`);
    this.name = "ApiProblem";
    this.status = problem.status;
    this.code = problem.code ?? "unexpected_answer";
    this.issues = problem.issues ?? [];
    this.currentVersion = problem.current_version ?? null;
    this.changedFields = problem.changed_fields ?? [];
    this.changedBy = problem.changed_by ?? null;
  }
}

/** The problem of a failed request; a request that never arrived has the code `unreachable`. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({ status: 0, code: "unreachable", detail: String(error) });
}
