//! Computes launch digests of SEV-SNP with the crate sev, for comparison.
//!
//! Reads one JSON object a line, and answers each with one JSON object:
//!   {"firmware": PATH, "firmwareDigest": HEX, "kernel": PATH, "initrd": PATH, "commandLine": TEXT, "vmm": "QEMU" or "ec2",
//!    "vcpuType": NAME, "guestFeatures": HEX, "vcpus": N}, each text empty where there is none
//! An answer is {"measurement": HEX} or {"error": TEXT}.

use serde_json::{json, Value};
use sev::measurement::snp::{snp_calc_launch_digest, SnpMeasurementArgs};
use sev::measurement::vcpu_types::CpuType;
use sev::measurement::vmsa::{GuestFeatures, VMMType};
use std::io::BufRead;
use std::panic::catch_unwind;
use std::path::PathBuf;

fn text<'a>(launch: &'a Value, name: &str) -> Option<&'a str> {
    let text = launch[name].as_str().unwrap_or_else(|| panic!("{name} is no text"));
    (!text.is_empty()).then_some(text)
}

fn digest(launch: &Value) -> Result<String, String> {
    let path = |name: &str| text(launch, name).map(PathBuf::from);
    let features = text(launch, "guestFeatures")
        .expect("features")
        .trim_start_matches("0x");
    let arguments = SnpMeasurementArgs {
        vcpus: launch["vcpus"].as_u64().expect("a number of vCPUs") as u32,
        vcpu_type: CpuType::try_from(text(launch, "vcpuType").expect("a type")).map_err(|error| error.to_string())?,
        ovmf_file: path("firmware").expect("firmware"),
        guest_features: GuestFeatures(u64::from_str_radix(features, 16).expect("hexadecimal digits")),
        kernel_file: path("kernel"),
        initrd_file: path("initrd"),
        append: text(launch, "commandLine"),
        ovmf_hash_str: text(launch, "firmwareDigest"),
        vmm_type: Some(
            text(launch, "vmm")
                .expect("a host")
                .parse::<VMMType>()
                .map_err(|error| error.to_string())?,
        ),
    };
    let digest = snp_calc_launch_digest(arguments).map_err(|error| error.to_string())?;
    Ok(digest.get_hex_ld())
}

fn answer(line: &str) -> Value {
    let launch: Value = serde_json::from_str(line).expect("a line of JSON");
    match digest(&launch) {
        Ok(measurement) => json!({ "measurement": measurement }),
        Err(error) => json!({ "error": error }),
    }
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("lines of text");
        let said = catch_unwind(|| answer(&line)).unwrap_or_else(|_| json!({ "error": "it panicked" }));
        println!("{said}");
    }
}
