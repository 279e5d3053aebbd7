//! Held-out samples as image files, for the tests of a service that predicts.
//!
//! The files are what a user could send: the sample enlarged to 64 by 64 pixels, black on white, with a margin.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::{GrayImage, ImageFormat, Luma};

use crate::dataset::{self, Sample};
use crate::digit::FULL;

/// Pixels around the sample, on each side.
const MARGIN: u32 = 8;
/// Pixels a cell is enlarged to.
const CELL: u32 = 6;

/// A PNG file of the first held-out sample that shows `digit`.
///
/// Version 2 predicts all ten correctly. Version 1 takes the 9 for a 5, and is right about the others.
///
/// # Panics
///
/// If `digit` is above 9.
#[must_use]
pub fn png_of(digit: u8) -> Vec<u8> {
    png(first(digit))
}

/// A JPEG file of the same sample as [`png_of`], predicted alike.
///
/// # Panics
///
/// If `digit` is above 9.
#[must_use]
pub fn jpeg_of(digit: u8) -> Vec<u8> {
    jpeg(first(digit))
}

fn first(digit: u8) -> &'static Sample {
    let found = dataset::held_out().iter().find(|sample| sample.label == digit);
    found.unwrap_or_else(|| panic!("cannot make an image of {digit}: digits are 0 to 9"))
}

/// A PNG file of `sample`.
#[must_use]
pub fn png(sample: &Sample) -> Vec<u8> {
    encoded(sample, ImageFormat::Png)
}

/// A JPEG file of `sample`.
#[must_use]
pub fn jpeg(sample: &Sample) -> Vec<u8> {
    encoded(sample, ImageFormat::Jpeg)
}

fn encoded(sample: &Sample, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    drawn(sample).write_to(&mut file, format).expect("a grey image is written to memory");
    file.into_inner()
}

fn drawn(sample: &Sample) -> GrayImage {
    let brightness = sample.image.cells().map(|cell| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cells are from 0 to FULL")]
        let ink = (cell / FULL * 255.0) as u8;
        255 - ink
    });
    let small = GrayImage::from_vec(8, 8, brightness.to_vec()).expect("there are 64 cells");
    let large = imageops::resize(&small, 8 * CELL, 8 * CELL, FilterType::Nearest);
    let mut paper = GrayImage::from_pixel(8 * CELL + 2 * MARGIN, 8 * CELL + 2 * MARGIN, Luma([255]));
    imageops::replace(&mut paper, &large, i64::from(MARGIN), i64::from(MARGIN));
    paper
}
