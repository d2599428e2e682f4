//! temporary
use std::collections::HashMap;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let split = std::env::args().nth(2).is_none();
    let data = std::fs::read(&path).unwrap();
    let mut streams: HashMap<Vec<u8>, Vec<&[u8]>> = HashMap::new();
    for line in data.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let key = if split { line.windows(7).position(|w| w == b"\"src\":\"").map(|p| { let r = &line[p + 7..]; r[..r.iter().position(|b| *b == b'"').unwrap()].to_vec() }).unwrap_or_default() } else { vec![] };
        streams.entry(key).or_default().push(line);
    }
    let (mut raw, mut stored, mut t) = (0, 0, 0.0);
    for (name, lines) in &streams {
        let (mut r, mut h, mut c) = (0, 0, 0);
        let start = std::time::Instant::now();
        for block in lines.chunks(1024) {
            let events: Vec<i64> = block.iter().map(|l| l.get(7..31).and_then(|t| logkeep_storage::Timestamp::parse_lenient(t)).map_or(0, |t| t.0)).collect();
            let (head, chunks, _) = logkeep_storage::spike::run(block, &events);
            r += block.iter().map(|l| l.len() + 1).sum::<usize>(); h += head; c += chunks;
        }
        let s = start.elapsed().as_secs_f64();
        println!("{:24} raw {:9} head {:7} chunks {:8} = {:.2}%  {:.0} MB/s", String::from_utf8_lossy(name), r, h, c, (h + c) as f64 * 100.0 / r as f64, r as f64 / 1e6 / s);
        raw += r; stored += h + c; t += s;
    }
    println!("total {:.2}% {:.0} MB/s", stored as f64 * 100.0 / raw as f64, raw as f64 / 1e6 / t);
}
