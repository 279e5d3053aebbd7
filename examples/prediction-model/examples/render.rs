//! Writes the images that this crate's tests read: `cargo run -p prediction-model --example render`.

use std::error::Error;
use std::io::Cursor;
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, Rgb, RgbImage};
use prediction_model::{dataset, samples};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images");
    let write = |name: &str, bytes: Vec<u8>| {
        println!("{name}: {} bytes", bytes.len());
        std::fs::write(folder.join(name), bytes)
    };
    write("3-black-on-white.png", samples::png_of(3))?;
    write("4-jpeg.jpg", samples::jpeg_of(4))?;

    let mut inverted = pen_stroke(5)?;
    imageops::invert(&mut inverted);
    write("5-white-on-black.png", encoded(inverted.into())?)?;

    // A small drawing in the corner of a page that is three times as wide as high.
    let mut page = GrayImage::from_pixel(600, 200, Luma([255]));
    imageops::replace(&mut page, &pen_stroke(7)?, 480, 90);
    write("7-in-a-corner.png", encoded(page.into())?)?;

    let stroke = pen_stroke(2)?;
    let blue = RgbImage::from_fn(stroke.width(), stroke.height(), |x, y| {
        let [paper] = stroke.get_pixel(x, y).0;
        Rgb([paper / 2 + 100, paper / 2 + 110, paper / 4 + 190])
    });
    write("2-blue-on-cream.png", encoded(blue.into())?)?;

    // Black everywhere: only the transparency shows the digit.
    let stroke = pen_stroke(6)?;
    let mut transparent = DynamicImage::new_luma_a8(stroke.width(), stroke.height()).into_luma_alpha8();
    for (x, y, pixel) in transparent.enumerate_pixels_mut() {
        let [paper] = stroke.get_pixel(x, y).0;
        *pixel = LumaA([0, 255 - paper]);
    }
    write("6-on-transparent.png", encoded(transparent.into())?)?;
    Ok(())
}

/// The first held-out sample of `digit` as a pen would draw it: enlarged smoothly, then all black or all white.
fn pen_stroke(digit: u8) -> Result<GrayImage, Box<dyn Error>> {
    let sample = dataset::held_out().iter().find(|sample| sample.label == digit).ok_or("digits are 0 to 9")?;
    let small = image::load_from_memory(&samples::png(sample))?.into_luma8();
    let mut large =
        imageops::resize(&imageops::resize(&small, 13, 13, FilterType::Triangle), 96, 96, FilterType::CatmullRom);
    large.iter_mut().for_each(|pixel| *pixel = if *pixel < 140 { 0 } else { 255 });
    Ok(large)
}

fn encoded(image: DynamicImage) -> Result<Vec<u8>, image::ImageError> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner())
}
