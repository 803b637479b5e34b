# From the runs: a row for each image and contestant, and the figures with their verdicts. Input: {machine, runs}.
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
. as $all
| ($all.runs | group_by([.image, .contestant]) | map({image: .[0].image, contestant: .[0].contestant, n: length,
    wall_ms: (map(.wall_ms) | median), min_ms: (map(.wall_ms) | min), max_ms: (map(.wall_ms) | max),
    cpu_ms: (map(.cpu_ms // 0) | median), peak_kb: (map(.peak_kb // 0) | max)})) as $plain
| def of($i; $c): first($plain[] | select(.image == $i and .contestant == $c)) // null;
  def ratio(a; b): a as $a | b as $b | if $a == null or $b == null or $b == 0 then null else $a / $b end;
  def wall($i; $c): of($i; $c).wall_ms;
  def figure($text; $value; $limit; $upto): if $value == null then empty else
    {text: $text, value: $value, limit: $limit, upto: $upto, met: (if $upto then $value <= $limit else $value >= $limit end)} end;
  def upto($text; $value; $limit): figure($text; $value; $limit; true);
  def atleast($text; $value; $limit): figure($text; $value; $limit; false);
  def best_peer($i): [$plain[] | select(.image == $i and (.contestant | startswith("lxr") or . == "floor" | not)) | .wall_ms] | min;
  def per_layer($n): (wall("depth-\($n)"; "lxr") - wall("depth-1"; "lxr")) / ($n - 1);
{
  machine: $all.machine,
  rows: ($plain | map(. + {to_floor: ratio(.wall_ms; wall(.image; "floor")), to_lxr: ratio(.wall_ms; wall(.image; "lxr"))})),
  figures: [
    upto("golang: lxr / floor, wall"; ratio(wall("golang"; "lxr"); wall("golang"; "floor")); 1.3),
    upto("golang: lxr / floor, processor time"; ratio(of("golang"; "lxr").cpu_ms; of("golang"; "floor").cpu_ms); 1.3),
    (["podman", "podman-13", "containerd", "containerd-13"][] as $p | atleast("golang: \($p) / lxr"; ratio(wall("golang"; $p); wall("golang"; "lxr")); 8)),
    upto("golang: lxr-directories / igzip | tar"; ratio(wall("golang"; "lxr-directories"); wall("golang"; "igzip-tar")); 1.5),
    upto("golang: lxr-directories-unsynced / igzip | tar, unsynced"; ratio(wall("golang"; "lxr-directories-unsynced"); wall("golang"; "igzip-tar")); 1.5),
    (["podman", "podman-13"][] as $p | atleast("golang: \($p) / lxr-directories"; ratio(wall("golang"; $p); wall("golang"; "lxr-directories")); 3)),
    upto("golang-zstd: lxr / floor, wall"; ratio(wall("golang-zstd"; "lxr"); wall("golang-zstd"; "floor")); 1.3),
    (if wall("present-40ms"; "lxr") == null then empty else
      upto("present, over 40 ms: round trips, the connection's included"; (wall("present-40ms"; "lxr") - wall("present"; "lxr")) / 40; 2.2) end),
    upto("small over 40 ms: lxr / best peer"; ratio(wall("small-40ms"; "lxr"); best_peer("small-40ms")); 0.5),
    upto("golang: cold run / (pull + local run)"; ratio(wall("run-cold"; "lxr"); wall("run-pull"; "lxr") + wall("run-local"; "lxr")); 1.1),
    upto("peak memory of lxr over all images, MB"; ([$plain[] | select(.contestant | startswith("lxr")) | .peak_kb] | max) / 1024; 150),
    (if wall("depth-100"; "lxr") == null then empty else
      upto("a further layer: of 100, ms; to that of 10"; ratio(per_layer(100); [per_layer(10), 0.5] | max); 1.5) end),
    upto("eight images at once / one after the other"; ratio(wall("eight"; "parallel"); wall("eight"; "serial")); 1.1)],
  runs: $all.runs
}
