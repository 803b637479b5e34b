# The table: for every image medians of wall time, processor time and peak memory with ratios, then the figures with a verdict.
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
def pad($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def left($n): tostring | . + (" " * ([$n - length, 0] | max));
def fixed($d): . * pow(10; $d) | round / pow(10; $d);
. as $runs
| ($runs | group_by([.image, .contestant]) | map({key: "\(.[0].image) \(.[0].contestant)", value: {
    image: .[0].image, contestant: .[0].contestant, n: length, wall: (map(.wall_ms) | median), min: (map(.wall_ms) | min),
    max: (map(.wall_ms) | max), cpu: (map(.cpu_ms // 0) | median), peak: (map(.peak_kb // 0) | max)}}) | from_entries) as $m
| def wall($i; $c): $m["\($i) \($c)"].wall;
  def cpu($i; $c): $m["\($i) \($c)"].cpu;
  def verdict($text; $value; $limit; $upto):
    if $value == null then empty else
      "\($text | left(66)) \($value | fixed(2) | pad(7)) \(if $upto then "≤" else "≥" end) \($limit | pad(5))  \(if (if $upto then $value <= $limit else $value >= $limit end) then "met" else "MISSED" end)" end;
  def ratio(a; b): a as $a | b as $b | if $a == null or $b == null then null else $a / $b end;
  def best($i): [$m[] | select(.image == $i and .contestant != "lxr") | .wall] | min;
  def per_layer($n): wall("depth-\($n)"; "lxr") as $w | wall("depth-1"; "lxr") as $one | if $w == null or $one == null then null else ($w - $one) / ($n - 1) end;
  ([$runs[].image] | unique) as $images
| (["golang", "golang-zstd", "small", "depth-40", "huge", "depth-1", "depth-10", "depth-100", "small-40ms", "present", "run-cold", "run-local", "run-pull", "eight"]
   | map(select(. as $i | $images | index($i)))[] as $i
   | ("", "\($i | left(28))     n   min ms   median      max   cpu ms  peak MB   x floor"),
     ($m | to_entries | map(.value) | map(select(.image == $i)) | sort_by(.wall)[]
      | "  \(.contestant | left(26)) \(.n | pad(5)) \(.min | fixed(1) | pad(8)) \(.wall | fixed(1) | pad(8)) \(.max | fixed(1) | pad(8)) \(.cpu | round | pad(8)) \(.peak / 1024 | round | pad(8))  \(if wall($i; "floor") then .wall / wall($i; "floor") | fixed(2) | pad(8) else "       -" end)")),
  "", "figures",
  verdict("golang: lxr / floor, wall"; ratio(wall("golang"; "lxr"); wall("golang"; "floor")); 1.3; true),
  verdict("golang: lxr / floor, processor time"; ratio(cpu("golang"; "lxr"); cpu("golang"; "floor")); 1.3; true),
  (["podman", "podman-13", "containerd", "containerd-13"][] as $p | verdict("golang: \($p) / lxr"; ratio(wall("golang"; $p); wall("golang"; "lxr")); 8; false)),
  verdict("golang: lxr-directories / igzip | tar"; ratio(wall("golang"; "lxr-directories"); wall("golang"; "igzip-tar")); 1.5; true),
  verdict("golang: lxr-directories-unsynced / igzip | tar, unsynced"; ratio(wall("golang"; "lxr-directories-unsynced"); wall("golang"; "igzip-tar")); 1.5; true),
  verdict("golang: podman / lxr-directories"; ratio(wall("golang"; "podman"); wall("golang"; "lxr-directories")); 3; false),
  verdict("golang-zstd: lxr / floor, wall"; ratio(wall("golang-zstd"; "lxr"); wall("golang-zstd"; "floor")); 1.3; true),
  verdict("small over 40 ms: lxr / best peer"; ratio(wall("small-40ms"; "lxr"); best("small-40ms")); 0.5; true),
  verdict("golang: cold run / (pull + local run)"; ratio(wall("run-cold"; "lxr"); wall("run-pull"; "lxr") + wall("run-local"; "lxr")); 1.1; true),
  verdict("peak memory of lxr over all images, MB"; ([$m[] | select(.contestant == "lxr") | .peak] | max) / 1024; 150; true),
  verdict("a further layer: of 100, ms; to that of 10"; ratio(per_layer(100); [per_layer(10), 0.5] | max); 1.5; true),
  verdict("eight images at once / one after the other"; ratio(wall("eight"; "parallel"); wall("eight"; "serial")); 1.1; true)
