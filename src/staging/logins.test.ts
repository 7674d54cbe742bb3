// What is read of files that other tools own: ~/.netrc, known_hosts, ~/.aws.

import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { shorten } from "../serialize/values.ts";
import { file } from "./file.ts";
import { keysIn } from "./known-hosts.ts";
import { loginIn } from "./netrc.ts";
import { sectionsOf } from "./s3-settings.ts";

test("netrc: the first entry for a host counts, else the default", () => {
  const text =
    "# mine\nmachine a login u password p\nmachine b account x login v\n password q\ndefault login anonymous";
  expect(loginIn(text, "a")).toEqual({ user: "u", password: "p" });
  expect(loginIn(text, "b")).toEqual({ user: "v", password: "q" });
  expect(loginIn(text, "c")).toEqual({ user: "anonymous", password: "" });
  expect(loginIn("machine a login u", "c")).toBeNull();
});

test("known_hosts: names, patterns, ports, hashed names and revoked keys", () => {
  const salt = Buffer.from("salt").toString("base64");
  const hashed = createHmac("sha1", Buffer.from(salt, "base64")).update("[deep]:2222").digest("base64");
  const text = [
    "# comment",
    "one,192.0.2.1 ssh-ed25519 AAAA1",
    "*.lab,!bad.lab ssh-rsa AAAA2",
    `|1|${salt}|${hashed} ssh-ed25519 AAAA3`,
    "@revoked one ssh-rsa AAAA4",
    "@cert-authority * ssh-rsa AAAA5",
  ].join("\n");
  const keys = (host: string, port = 22): string[] => [...keysIn(text, host, port).keys.keys()];
  expect([keys("ONE"), keys("192.0.2.1"), keys("one", 2222)]).toEqual([["AAAA1"], ["AAAA1"], []]);
  expect([keys("x.lab"), keys("bad.lab"), keys("lab")]).toEqual([["AAAA2"], [], []]);
  expect([keys("deep", 2222), keys("deep")]).toEqual([["AAAA3"], []]);
  expect([...keysIn(text, "one", 22).revoked]).toEqual(["AAAA4"]);
});

test("~/.aws: sections, whose nested settings are left out", () => {
  const text =
    "[default]\nregion = eu-west-1 \ns3 =\n  region = other\n# no\n[profile a.b]\r\naws_access_key_id=K=\r\nREGION = x";
  expect(sectionsOf(text)).toEqual({
    default: { region: "eu-west-1", s3: "" },
    "profile a.b": { aws_access_key_id: "K=", region: "x" },
  });
});

test("messages show no password of a file's address", () => {
  expect(shorten([file("sftp://me:secret@host/data.csv")])).toBe('["sftp://me:***@host/data.csv"]');
  expect(shorten(file("/data/a.csv"))).toBe('"/data/a.csv"');
});
