//! Builds and reads enclave images with the crate aws-nitro-enclaves-image-format, for comparison.
//!
//! Reads one JSON object a line, and answers each with one JSON object:
//!   {"build": PATH, "kernel": PATH, "cmdline": TEXT, "ramdisks": [PATH…], "flags": N, "metadata": JSON, "sign": [CERTIFICATE, KEY] or null}
//!   {"describe": PATH}
//! An answer is {"pcrs": {…}}, for `describe` with "crc" and, of a signed image, "signature"; or {"error": TEXT}.

use aws_nitro_enclaves_image_format::defs::{EifBuildInfo, EifIdentityInfo};
use aws_nitro_enclaves_image_format::utils::eif_reader::EifReader;
use aws_nitro_enclaves_image_format::utils::{get_pcrs, EifBuilder, PcrSignatureChecker, SignEnclaveInfo};
use serde_json::{json, Value};
use sha2::{Digest, Sha384};
use std::fs::File;
use std::io::BufRead;
use std::panic::catch_unwind;
use std::path::Path;

fn text<'a>(request: &'a Value, name: &str) -> &'a str {
    request[name].as_str().unwrap_or_else(|| panic!("{name} is no text"))
}

fn identity(custom: Value) -> EifIdentityInfo {
    EifIdentityInfo {
        img_name: "made for comparison".into(),
        img_version: "1".into(),
        build_info: EifBuildInfo {
            build_time: "2026-01-01T00:00:00+00:00".into(),
            build_tool: "eif-peer".into(),
            build_tool_version: "1".into(),
            img_os: "Linux".into(),
            img_kernel: "none".into(),
        },
        docker_info: json!({}),
        custom_info: custom,
    }
}

fn build(request: &Value) -> Value {
    let sign = request["sign"].as_array().map(|pair| {
        let path = |index: usize| pair[index].as_str().expect("a path");
        SignEnclaveInfo::new(path(0), path(1)).expect("certificate and key")
    });
    let flags = request["flags"].as_u64().expect("flags") as u16;
    let mut builder = EifBuilder::new(
        Path::new(text(request, "kernel")),
        text(request, "cmdline").into(),
        sign,
        Sha384::new(),
        flags,
        identity(request["metadata"].clone()),
    );
    for ramdisk in request["ramdisks"].as_array().expect("ramdisks") {
        builder.add_ramdisk(Path::new(ramdisk.as_str().expect("a path")));
    }
    let mut file = File::create(text(request, "build")).expect("a file to write");
    json!({ "pcrs": builder.write_to(&mut file) })
}

fn describe(path: &str) -> Result<Value, String> {
    let mut reader = EifReader::from_eif(path.into())?;
    let pcrs = get_pcrs(
        &mut reader.image_hasher,
        &mut reader.bootstrap_hasher,
        &mut reader.app_hasher,
        &mut reader.cert_hasher,
        Sha384::new(),
        reader.signature_section.is_some(),
    )?;
    let mut answer = json!({ "pcrs": pcrs, "crc": reader.check_crc() });
    if reader.signature_section.is_some() {
        // Two questions: whether the envelope verifies under the certificate's key, and whether it speaks of this PCR0.
        let verified = PcrSignatureChecker::from_eif(path).and_then(|mut checker| checker.verify());
        let certificate = reader.get_certificate_info(pcrs);
        answer["signature"] = json!(verified.is_ok() && certificate.is_ok() && reader.sign_check == Some(true));
    }
    Ok(answer)
}

fn answer(line: &str) -> Value {
    let request: Value = serde_json::from_str(line).expect("a line of JSON");
    if request.get("build").is_some() {
        return build(&request);
    }
    describe(text(&request, "describe")).unwrap_or_else(|error| json!({ "error": error }))
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("lines of text");
        let said = catch_unwind(|| answer(&line)).unwrap_or_else(|_| json!({ "error": "it panicked" }));
        println!("{said}");
    }
}
