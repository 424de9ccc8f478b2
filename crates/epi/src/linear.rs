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
