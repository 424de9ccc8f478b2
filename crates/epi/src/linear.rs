//! Small dense symmetric systems, row-major.

/// Lower Cholesky factor in place; false if the matrix is not positive definite.
pub(crate) fn cholesky(a: &mut [f64], p: usize) -> bool {
    for j in 0..p {
        for k in 0..=j {
            let sum: f64 = (0..k).map(|m| a[j * p + m] * a[k * p + m]).sum();
            if j == k {
                let rest = a[j * p + j] - sum;
                // 1e-12 of the column's own square: below that the columns are dependent.
                if rest.is_nan() || rest <= 1e-12 * a[j * p + j] {
                    return false;
                }
                a[j * p + j] = rest.sqrt();
            } else {
                a[j * p + k] = (a[j * p + k] - sum) / a[k * p + k];
            }
        }
    }
    true
}

/// Solves L L' x = `b` in place.
pub(crate) fn solve(l: &[f64], p: usize, b: &mut [f64]) {
    for j in 0..p {
        let sum: f64 = (0..j).map(|k| l[j * p + k] * b[k]).sum();
        b[j] = (b[j] - sum) / l[j * p + j];
    }
    for j in (0..p).rev() {
        let sum: f64 = (j + 1..p).map(|k| l[k * p + j] * b[k]).sum();
        b[j] = (b[j] - sum) / l[j * p + j];
    }
}

/// Inverse of L L', row-major.
pub(crate) fn invert(l: &[f64], p: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; p * p];
    let mut column = vec![0.0; p];
    for j in 0..p {
        column.fill(0.0);
        column[j] = 1.0;
        solve(l, p, &mut column);
        for (k, value) in column.iter().enumerate() {
            inverse[k * p + j] = *value;
        }
    }
    inverse
}

/// Coefficients that bring the rows of `a` (row-major, `p` columns) closest to `b`, and the lower factor L of a'a = L L';
/// `None` if a column depends on those before it. By Householder reflections, which do not square the condition as
/// normal equations do. Destroys both inputs.
pub(crate) fn least_squares(a: &mut [f64], b: &mut [f64], p: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let n = b.len();
    let mut lower = vec![0.0; p * p];
    for k in 0..p {
        let whole: f64 = (0..n).map(|i| a[i * p + k] * a[i * p + k]).sum();
        let rest: f64 = (k..n).map(|i| a[i * p + k] * a[i * p + k]).sum();
        // 1e-11 of the column's length, as R's `glm` has it.
        if !(rest > 1e-22 * whole && rest.is_finite()) {
            return None;
        }
        let pivot = -rest.sqrt().copysign(a[k * p + k]);
        a[k * p + k] -= pivot;
        // v'v of the reflection's vector v, the column from row k on.
        let square = 2.0 * pivot * -a[k * p + k];
        for j in k + 1..p {
            let along = 2.0 * (k..n).map(|i| a[i * p + k] * a[i * p + j]).sum::<f64>() / square;
            for i in k..n {
                a[i * p + j] -= along * a[i * p + k];
            }
        }
        let along = 2.0 * (k..n).map(|i| a[i * p + k] * b[i]).sum::<f64>() / square;
        for i in k..n {
            b[i] -= along * a[i * p + k];
        }
        lower[k * p + k] = pivot;
        for j in k + 1..p {
            lower[j * p + k] = a[k * p + j];
        }
    }
    let mut x = b[..p].to_vec();
    for j in (0..p).rev() {
        let sum: f64 = (j + 1..p).map(|k| lower[k * p + j] * x[k]).sum();
        x[j] = (x[j] - sum) / lower[j * p + j];
    }
    Some((x, lower))
}
