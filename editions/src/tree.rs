//! A Merkle tree over lines (as RFC 6962 builds it): one hash for all of them, and a short proof for each.
//!
//! Leaves and nodes are hashed apart, so that no line can be passed off as a node. Not here: signing (`seal`).

use sha2::{Digest, Sha256};

/// A hash.
pub type Hash = [u8; 32];

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The hash of a line.
pub fn leaf(line: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([LEAF]);
    hash.update(line);
    hash.finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([NODE]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// The hash of all; of nothing it is the hash of nothing.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(half(many.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The greatest power of two below `count`, which is at least 2.
fn half(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// What has to be known besides the leaf at `place` to work out the root, from the leaf upwards.
pub fn proof(leaves: &[Hash], place: usize) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut below, beside) = if place < left.len() {
        (proof(left, place), root(right))
    } else {
        (proof(right, place - left.len()), root(left))
    };
    below.push(beside);
    below
}

/// The root that a leaf at `place` of `count` gives with its proof; nothing when the proof has another length.
pub fn proven(leaf: Hash, (place, count): (usize, usize), proof: &[Hash]) -> Option<Hash> {
    if place >= count {
        return None;
    }
    let Some((beside, below)) = proof.split_last() else {
        return (count == 1).then_some(leaf);
    };
    if count < 2 {
        return None;
    }
    let half = half(count);
    if place < half {
        Some(node(&proven(leaf, (place, half), below)?, beside))
    } else {
        Some(node(beside, &proven(leaf, (place - half, count - half), below)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|number| leaf(number.to_string().as_bytes())).collect()
    }

    #[test]
    fn every_line_is_proven_and_no_other_line_is() {
        for count in 1..40 {
            let leaves = leaves(count);
            let whole = root(&leaves);
            for place in 0..count {
                let proof = proof(&leaves, place);
                assert_eq!(proven(leaves[place], (place, count), &proof), Some(whole), "{place} of {count}");
                assert_ne!(proven(leaf(b"x"), (place, count), &proof), Some(whole));
                let elsewhere = proven(leaves[place], ((place + 1) % count, count), &proof);
                assert!(count == 1 || elsewhere != Some(whole), "{place} of {count} proves another place");
            }
        }
    }

    #[test]
    fn two_lines_are_no_line_that_spells_their_node() {
        let two = leaves(2);
        let spelled: Vec<u8> = [two[0], two[1]].concat();
        assert_ne!(root(&two), root(&[leaf(&spelled)]));
        // RFC 6962's tree of nothing.
        assert!(crate::hexadecimal(&root(&[])).starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    }
}
