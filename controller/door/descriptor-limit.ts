/**
 * How many descriptors this process may have open. Node raises its own limit at start as far as it
 * may, and tells what it has only in its diagnostic report.
 */

/** Null: there is no limit, or it is not told. */
export function descriptorLimit(): number | null {
  const report: unknown = process.report.getReport();
  return softLimitOf(typeof report === 'string' ? JSON.parse(report) : report);
}

interface ReportedLimits {
  readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
}

function softLimitOf(report: ReportedLimits): number | null {
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' && Number.isSafeInteger(soft) ? soft : null;
}
