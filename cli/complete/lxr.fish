# SPDX-License-Identifier: Apache-2.0
# fish completion for lxr: a file lxr.fish in a directory of $fish_complete_path; or:
#   lxr completion fish | source
function __lxr_complete
    set -l typed (commandline -ct)
    set -l words (commandline -opc)
    set -l answer ($words[1] __complete $words[2..] "$typed" 2>/dev/null)
    set -q answer[1]; or return
    set -l flag (string match -r -- '^--[^=]*=' "$typed")
    set -l value (string replace -r -- '^--[^=]*=' '' "$typed")
    switch $answer[-1]
        case :files
            for path in (__fish_complete_path "$value")
                echo "$flag$path"
            end
        case :directories
            for path in (__fish_complete_directories "$value" '')
                echo "$flag$path"
            end
        case '*'
            printf '%s\n' $answer[1..-2]
    end
end
complete -c lxr -f -a '(__lxr_complete)'
